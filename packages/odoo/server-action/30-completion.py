# Completing production orders: yield, backorder, scrap, lots, serials, consumption, by-products.

ONE_SERIAL_AN_ORDER = not has('mrp.production', 'lot_producing_ids')


def plan_complete_order(plan):
    value = plan['value']
    order = open_order(value['order'])
    unit = order.product_uom_id
    product = order.product_id
    good = amount_in(value['yield'], unit, product.default_code or product.name)
    plan['scrap'] = planned_scrap(order, value.get('scrap') or [])
    scrapped = sum([line['order_amount'] for line in plan['scrap']])
    plan['order'] = order
    plan['lock'] = ('order', order.id)
    plan['produced'] = good + scrapped
    plan['good'] = good
    plan['scrapped'] = scrapped
    plan['consumption'] = planned_moves(order, value.get('consumption') or [], order.move_raw_ids, True)
    plan['by_products'] = planned_moves(order, value.get('byProducts') or [], order.move_byproduct_ids, False)
    if not plan['produced'] and not value.get('final'):
        refuse('nothing-reported', 'Neither yield nor scrap of %s was reported, and the report is not the final one.' % order.name)
    plan_lots(plan, order, product)
    if plan['produced'] and order.consumption == 'strict' and plan['consumption']:
        plan['strict'] = True


def planned_scrap(order, lines):
    planned = []
    for line in lines:
        planned.append(plan_scrap_line(order, line))
    return planned


def plan_scrap_line(order, line):
    product = line.get('product') and product_of(line['product']) or order.product_id
    own = product == order.product_id
    unit = own and order.product_uom_id or product.uom_id
    amount = amount_in(line['quantity'], unit, product.default_code or product.name)
    lot = False
    if not own and line.get('lot'):
        lot = lot_of(product, line['lot'])
    if not own and product.tracking != 'none' and not lot:
        refuse('lot-missing', 'Scrap of %s needs its lot.' % product.default_code)
    return {'product': product, 'own': own, 'unit': unit, 'amount': amount, 'order_amount': own and amount or 0.0,
            'lot': lot, 'lot_name': line.get('lot'), 'reason': line.get('reason')}


def planned_moves(order, lines, moves, may_add):
    planned = []
    for line in lines:
        product = product_of(line['product'])
        own = moves.filtered_domain([('product_id', '=', product.id), ('state', 'not in', ['done', 'cancel'])])
        if not own and not may_add:
            refuse('component-unknown', '%s is no by-product of %s.' % (product.default_code, order.name))
        unit = own and own[0].product_uom or product.uom_id
        shares = lot_shares(line, product, unit)
        for share in shares:
            if product.tracking != 'none' and not share[0] and not own:
                refuse('lot-missing', 'The quantity of %s needs its lot.' % product.default_code)
        if may_add:
            shares = known_shares(product, shares)
        planned.append({'product': product, 'moves': own, 'unit': unit, 'shares': shares})
    return planned


def known_shares(product, shares):
    known = []
    for share in shares:
        known.append((share[0] and lot_of(product, share[0]) or False, share[1]))
    return known


def plan_lots(plan, order, product):
    value = plan['value']
    names = value.get('serials') or value.get('lot') and [value['lot']] or []
    if product.tracking == 'none' or not plan['produced']:
        names = []
    if product.tracking != 'none' and plan['produced'] and not names:
        set_before = order.lot_producing_id if ONE_SERIAL_AN_ORDER else order.lot_producing_ids
        names = set_before.mapped('name')
        if not names:
            refuse('lot-missing', 'The product %s is tracked by %s, and the report of %s names none.' % (
                product.default_code, product.tracking, order.name))
    if product.tracking == 'serial' and plan['produced']:
        pieces = order.product_uom_id._compute_quantity(plan['produced'], product.uom_id, round=False)
        if len(names) != round(pieces) or abs(pieces - round(pieces)) > 1e-6 or len(names) != len(set(names)):
            refuse('serial-count', 'The report of %s is about %s pieces and names %s serial numbers.' % (
                order.name, pieces, len(set(names))))
    if product.tracking == 'lot' and len(names) > 1:
        refuse('value-invalid', 'The product %s is tracked by lot: one lot for each report.' % product.default_code)
    plan['lots'] = names


def apply_complete_order(plans):
    together, alone, closed = [], [], []
    for plan in plans:
        if not plan['produced']:
            closed.append(plan)
        elif ONE_SERIAL_AN_ORDER and len(plan['lots']) > 1:
            alone.append(plan)
        else:
            together.append(plan)
    produce(together)
    for plan in alone:
        produce_serials(plan)
    for plan in closed:
        close_short(plan)
    scrap_pieces(plans)
    for plan in plans:
        finish_report(plan)


def produce(plans):
    if not plans:
        return
    wanted = []
    for plan in plans:
        for name in plan['lots']:
            wanted.append((plan['order'].product_id, name))
        for line in plan['by_products']:
            for share in line['shares']:
                if share[0]:
                    wanted.append((line['product'], share[0]))
    lots = lots_of(wanted, True)
    orders = env['mrp.production']
    partial = env['mrp.production']
    for plan in plans:
        order = plan['order']
        orders = orders | order
        set_quantities(plan, order, lots)
        if leaves_rest(plan, order):
            partial = partial | order
    mark_done(orders, partial)
    for plan in plans:
        plan['done'] = [plan['order']]
        plan['made_lots'] = picked_lots(lots, plan)


def picked_lots(lots, plan):
    picked = []
    for name in plan['lots']:
        picked.append(lots[(plan['order'].product_id, name)])
    return picked


def leaves_rest(plan, order):
    rest = order.product_qty - order.qty_produced - plan['produced']
    return not plan['value'].get('final') and float_compare(rest, 0.0, precision_digits=6) > 0


def set_quantities(plan, order, lots):
    vals = {'qty_producing': plan['produced'] + order.qty_produced}
    made = picked_lots(lots, plan)
    if made and ONE_SERIAL_AN_ORDER:
        vals['lot_producing_id'] = made[0].id
    elif made:
        vals['lot_producing_ids'] = [(6, 0, [lot.id for lot in made])]
    order.write(vals)
    order._set_qty_producing()
    for line in plan['consumption']:
        set_moves(order, line, True)
    for line in plan['by_products']:
        set_moves(order, line, False, lots)
    pick_components(order)
    if plan.get('strict') and order._get_consumption_issues():
        refuse('odoo-refused', 'The bill of materials of %s is strict, and the reported consumption differs from it.' % order.name)


def set_moves(order, line, raw, lots=None):
    # The reported amount goes to the first move of the product; its other moves consume nothing.
    move = line['moves'][:1]
    if not move:
        vals = order._get_move_raw_values(line['product'], 0.0, line['unit'])
        move = env['stock.move'].create(vals)
        move._action_confirm(merge=False)
    for other in line['moves'][1:]:
        other.move_line_ids.unlink()
        other.write({'picked': False})
    total = sum([share[1] for share in line['shares']])
    if len(line['shares']) == 1 and not line['shares'][0][0]:
        move._set_quantity_done(total)
    else:
        # Clearing by (5, 0, 0) would leave the lines behind without a move, still reserving stock.
        move.move_line_ids.unlink()
        commands = []
        for share in line['shares']:
            lot = share[0]
            if lot and not raw:
                lot = lots[(line['product'], lot)]
            commands.append((0, 0, {
                'product_id': line['product'].id, 'product_uom_id': line['unit'].id, 'quantity': share[1],
                'lot_id': lot and lot.id or False, 'location_id': move.location_id.id,
                'location_dest_id': move.location_dest_id.id, 'company_id': company.id,
            }))
        move.write({'move_line_ids': commands})
    move.write({'picked': total > 0})


def pick_components(order):
    # What is not picked is cancelled by Odoo instead of consumed.
    unpicked = env['stock.move']
    for move in order.move_raw_ids:
        if not move.picked and move.quantity and move.state not in ('done', 'cancel'):
            unpicked = unpicked | move
    if unpicked:
        unpicked.write({'picked': True})


def mark_done(orders, partial):
    answer = orders.with_context(
        skip_backorder=True, mo_ids_to_backorder=partial.ids, skip_consumption=True, skip_redirection=True,
        skip_expired=True, cancel_backorder=False,
    ).button_mark_done()
    for order in orders:
        if order.state != 'done':
            refuse('not-completed', 'Odoo left %s in the state %s and asked %s.' % (
                order.name, order.state, isinstance(answer, dict) and answer.get('res_model') or 'nothing'))


def produce_serials(plan):
    # Up to Odoo 18 an order makes one serial number; each piece leaves the rest as a backorder.
    lots = lots_of(serial_pairs(plan), True)
    order = plan['order']
    done, made = [], []
    for number, name in enumerate(plan['lots']):
        last = number == len(plan['lots']) - 1
        step = {
            'order': order, 'lots': [name], 'produced': order.product_id.uom_id._compute_quantity(1.0, order.product_uom_id, round=False),
            'value': {'final': last and plan['value'].get('final')},
            'consumption': plan['consumption'] if number == 0 else [], 'by_products': plan['by_products'] if number == 0 else [],
        }
        set_quantities(step, order, lots)
        rest = leaves_rest(step, order)
        mark_done(order, order if rest else env['mrp.production'])
        done.append(order)
        made.append(lots[(order.product_id, name)])
        if not last:
            order = backorder_of(order) if rest else env['mrp.production']
            if not order:
                refuse('serial-count', 'More serial numbers than open pieces: %s of %s fit into %s.' % (
                    number + 1, len(plan['lots']), plan['order'].name))
    plan['done'] = done
    plan['made_lots'] = made


def serial_pairs(plan):
    pairs = []
    for name in plan['lots']:
        pairs.append((plan['order'].product_id, name))
    return pairs


def backorder_of(order):
    group = order[group_field()]
    if not group:
        return env['mrp.production']
    return env['mrp.production'].search([
        (group_field(), '=', group.id), ('product_id', '=', order.product_id.id),
        ('state', 'in', OPEN_STATES), ('company_id', '=', company.id)], limit=1)


def close_short(plan):
    # A final report without pieces: the open rest will not be made.
    plan['order'].action_cancel()
    if plan['order'].state not in ('cancel', 'done'):
        refuse('not-completed', 'Odoo left %s in the state %s.' % (plan['order'].name, plan['order'].state))
    plan['done'] = [plan['order']]
    plan['made_lots'] = []


def scrap_pieces(plans):
    for plan in plans:
        serials = plan['made_lots'][:]
        for line in plan['scrap']:
            for vals in scrap_vals(plan, line, serials):
                make_scrap(vals)


def scrap_vals(plan, line, serials):
    order = plan['done'][-1]
    vals = {
        'product_id': line['product'].id, 'product_uom_id': line['unit'].id, 'company_id': company.id,
        'origin': plan['order'].name, 'production_id': order.id,
        'location_id': order.location_dest_id.id if line['own'] else order.location_src_id.id,
    }
    vals = with_reason(vals, line['reason'])
    if not line['own']:
        return [dict(vals, scrap_qty=line['amount'], lot_id=line['lot'] and line['lot'].id or False)]
    if line['product'].tracking != 'serial':
        lot = serials and serials[0]
        return [dict(vals, scrap_qty=line['amount'], lot_id=lot and lot.id or False)]
    rows = []
    for lot in serials_to_scrap(line, serials):
        serials.remove(lot)
        rows.append(dict(vals, scrap_qty=1.0, lot_id=lot.id, product_uom_id=line['product'].uom_id.id))
    return rows


def serials_to_scrap(line, serials):
    count = int(round(line['amount']))
    if line['lot_name']:
        named = named_lots(serials, line['lot_name'])
        if len(named) != count:
            refuse('serial-count', 'The scrapped piece %s is none of the report.' % line['lot_name'])
        return named
    return serials[-count:] if count else []


def named_lots(serials, name):
    named = []
    for lot in serials:
        if lot.name == name:
            named.append(lot)
    return named


def finish_report(plan):
    value = plan['value']
    order = plan['done'][-1]
    if value.get('finishedAt') and order.state == 'done':
        for made in plan['done']:
            made.write({'date_finished': value['finishedAt']})
    if value.get('note'):
        order.message_post(body=value['note'])
    rest = backorder_of(order) if plan['produced'] else env['mrp.production']
    settle(plan, order, order.name, {
        'order': plan['order'].name, 'backorder': rest and rest.name or False,
        'produced': plan['produced'], 'scrapped': plan['scrapped'], 'state': order.state,
    })
